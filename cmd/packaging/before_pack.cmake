# Run by CPack for what has been installed, before it is packed: what Debian's policy wants in a .deb, and
# times that do not depend on the clock.
set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY})

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

if(CPACK_GENERATOR STREQUAL DEB)
  set(doc ${root}/usr/share/doc/inlay)
  file(GLOB manuals ${root}/usr/share/man/man1/*.1)
  string(TIMESTAMP now "%a, %d %b %Y %H:%M:%S +0000" UTC) # of SOURCE_DATE_EPOCH, if that is set
  file(RENAME ${doc}/CHANGELOG.md ${doc}/changelog)
  file(WRITE ${doc}/changelog.Debian
       "inlay (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium\n\n"
       "  * See changelog.gz.\n\n -- ${CPACK_PACKAGE_CONTACT}  ${now}\n")
  run(gzip -9nf ${doc}/changelog ${doc}/changelog.Debian ${manuals})
  file(REMOVE ${doc}/LICENSE) # Debian has it once for all packages
  file(COPY ${CPACK_INLAY_COPYRIGHT} DESTINATION ${doc})
endif()
run(find ${root} -type d -empty -delete) # for what the build has not made
run(chmod -R u=rwX,go=rX ${root})
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  run(find ${root} -exec touch -h -d @$ENV{SOURCE_DATE_EPOCH} {} +)
endif()
