# What `cmake --install` lays out, and what CPack makes of it: a .deb and a tarball with the same paths.
include(GNUInstallDirs)

install(TARGETS inlay)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR})
# Manual pages and completions, where the build has made them.
install(DIRECTORY ${PROJECT_BINARY_DIR}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 OPTIONAL
        FILES_MATCHING PATTERN "*.1")
install(FILES ${PROJECT_BINARY_DIR}/completions/inlay.bash OPTIONAL
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME inlay)
install(FILES ${PROJECT_BINARY_DIR}/completions/_inlay OPTIONAL
        DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${PROJECT_BINARY_DIR}/completions/inlay.fish OPTIONAL
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

set(CPACK_GENERATOR "DEB;TGZ")
# The library is for those who build inlay: packages have the program.
set(CPACK_INSTALL_CMAKE_PROJECTS "${PROJECT_BINARY_DIR};inlay;Unspecified;/")
set(CPACK_PACKAGE_NAME inlay)
set(CPACK_PACKAGE_CONTACT "inlay maintainers <maintainers@example.org>" CACHE STRING "who answers for the package")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "bakes models into container images")
set(CPACK_PACKAGE_DESCRIPTION
    "inlay takes the files of a model, from the Hugging Face Hub first of all, lays
them out where the image's own environment makes the loading library look, and
adds them as reproducible layers to an image in a registry, an OCI layout, an
archive or a Docker engine. It needs neither a Dockerfile nor an engine.")
set(CPACK_PACKAGE_FILE_NAME inlay-${PROJECT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmd/packaging/before_pack.cmake)
set(CPACK_INLAY_COPYRIGHT ${PROJECT_SOURCE_DIR}/cmd/packaging/copyright)
# Packed as root, with the modes that folders have everywhere, whoever builds.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
    WORLD_READ WORLD_EXECUTE)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
include(CPack)
