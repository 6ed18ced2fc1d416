# libinlay, for programs that push images: pkg/inlay/inlay.h. It is linked out of the modules that the program is made of.
option(INLAY_LIBRARY "build libinlay, too" ON)
file(GLOB library_sources CONFIGURE_DEPENDS pkg/inlay/*.c)
add_library(library_objects OBJECT ${library_sources})
inlay_may_be_shared(library_objects)
target_link_libraries(library_objects PRIVATE commands ${command_modules} PkgConfig::JANSSON)
target_include_directories(library_objects PRIVATE ${PROJECT_SOURCE_DIR}/pkg cmd/inlay)
# Sanitizers want the whole program, and libraries that are linked statically are not made for this.
if(INLAY_SANITIZE OR INLAY_FUZZ OR OPENSSL_USE_STATIC_LIBS OR NOT INLAY_LIBRARY)
  return()
endif()
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(map ${PROJECT_SOURCE_DIR}/pkg/inlay/libinlay.map)
add_library(libinlay SHARED $<TARGET_OBJECTS:library_objects>)
set_target_properties(libinlay PROPERTIES LINKER_LANGUAGE C)
# What stays in the process after it (threads of libcurl, for one) has its code there: nodelete.
target_link_options(libinlay PRIVATE -Wl,--version-script=${map} -Wl,--no-undefined -Wl,-z,nodelete)
target_link_libraries(libinlay PRIVATE commands ${command_modules} Threads::Threads)
target_include_directories(libinlay INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
set_target_properties(libinlay PROPERTIES OUTPUT_NAME inlay EXPORT_NAME inlay VERSION ${PROJECT_VERSION} SOVERSION 0
                      LINK_DEPENDS ${map})

set(config ${CMAKE_INSTALL_LIBDIR}/cmake/Inlay)
file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmd/packaging/inlay.pc.in ${PROJECT_BINARY_DIR}/inlay.pc @ONLY)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/InlayConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(TARGETS libinlay EXPORT Inlay LIBRARY COMPONENT library)
install(FILES pkg/inlay/inlay.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/inlay COMPONENT library)
install(EXPORT Inlay NAMESPACE Inlay:: FILE InlayConfig.cmake DESTINATION ${config} COMPONENT library)
install(FILES ${PROJECT_BINARY_DIR}/InlayConfigVersion.cmake DESTINATION ${config} COMPONENT library)
install(FILES ${PROJECT_BINARY_DIR}/inlay.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)
