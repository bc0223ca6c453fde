# The Debian package: what goes where, and what CPack must know. `./dev package` builds it.
include(GNUInstallDirs)
set(DOC ${CMAKE_INSTALL_DATADIR}/doc/ucaas-sync)
set(HERE ${CMAKE_CURRENT_LIST_DIR})
set(OUT ${CMAKE_BINARY_DIR}/systemd)
find_program(GZIP gzip REQUIRED)
find_program(SCDOC scdoc)

# Pages and changelog are compressed as dpkg wants them: without a name or a time inside.
set(PACKAGED)
function(ucaas_compressed from to)
  add_custom_command(OUTPUT ${to} COMMAND sh -c "${GZIP} -9nc <'${from}' >'${to}'" DEPENDS ${from} VERBATIM)
  set(PACKAGED ${PACKAGED} ${to} PARENT_SCOPE)
endfunction()

set(MAN ${OUT}/man)
file(MAKE_DIRECTORY ${MAN})
function(ucaas_manual page source)   # the command that prints its source, and what it depends on
  string(REGEX REPLACE ".*\\." "" section ${page})
  add_custom_command(OUTPUT ${MAN}/${page} COMMAND sh -c "${source} >'${MAN}/${page}.scd' && ${SCDOC} <'${MAN}/${page}.scd' >'${MAN}/${page}'"
                     DEPENDS ${ARGN} VERBATIM)
  ucaas_compressed(${MAN}/${page} ${MAN}/${page}.gz)
  set(PACKAGED ${PACKAGED} PARENT_SCOPE)
  install(FILES ${MAN}/${page}.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endfunction()
# Whoever only wants the program needs no scdoc.
if(SCDOC)
  foreach(page ucaas-sync.1 ucaas-sync.yaml.5)
    ucaas_manual(${page} "cat '${HERE}/man/${page}.scd'" ${HERE}/man/${page}.scd)
  endforeach()
  ucaas_manual(ucaas-sync-events.7 "'$<TARGET_FILE:events_page>'" events_page)
  set(FAULTS ${HERE}/man/faults.awk ${PROJECT_SOURCE_DIR}/tests/apply/fault_matrix.tsv)
  list(JOIN FAULTS "' '" quoted)
  ucaas_manual(ucaas-sync-faults.7 "awk -f '${quoted}'" ${FAULTS})
endif()
ucaas_compressed(${HERE}/package/changelog ${OUT}/changelog.gz)
if(SCDOC)
  add_custom_target(package_files ALL DEPENDS ${PACKAGED})
endif()

install(TARGETS ucaas-sync DESTINATION ${CMAKE_INSTALL_BINDIR})
foreach(unit ucaas-sync.service ucaas-sync@.service ucaas-sync-once.service ucaas-sync.timer)
  # Debian 12 reads units here, and its helpers look for them here.
  install(FILES ${OUT}/${unit} DESTINATION /lib/systemd/system)
endforeach()
install(FILES ${HERE}/ucaas-sync.sysusers DESTINATION lib/sysusers.d RENAME ucaas-sync.conf)
install(FILES ${HERE}/ucaas-sync.tmpfiles DESTINATION lib/tmpfiles.d RENAME ucaas-sync.conf)
install(FILES ${HERE}/package/config.yaml.example DESTINATION /etc/ucaas-sync)
install(FILES ${HERE}/ucaas-sync.rules.yml ${HERE}/ucaas-sync.dashboard.json DESTINATION ${CMAKE_INSTALL_DATADIR}/ucaas-sync)
# Not below doc, which many containers leave out: the example configuration reads them.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/config/examples DESTINATION ${CMAKE_INSTALL_DATADIR}/ucaas-sync
        FILES_MATCHING PATTERN "*.yaml" PATTERN "*.csv" PATTERN "*.ldif")
install(FILES ${HERE}/completion/ucaas-sync.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        RENAME ucaas-sync)
install(FILES ${HERE}/completion/_ucaas-sync DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${HERE}/package/copyright ${PROJECT_SOURCE_DIR}/README.md ${OUT}/changelog.gz
        DESTINATION ${DOC})
file(CREATE_LINK ../../ucaas-sync/examples ${OUT}/examples SYMBOLIC)
install(FILES ${OUT}/examples DESTINATION ${DOC})
if(EXISTS ${HERE}/package/lintian-overrides)
  install(FILES ${HERE}/package/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME ucaas-sync)
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ucaas-sync)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/package)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_CONTACT "ucaas-sync maintainers <maintainers@ucaas-sync.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "keeps a UCaaS account in step with the HR directory")
set(CPACK_PACKAGE_DESCRIPTION
"Reads the exports that HR and the directory already make (CSV, LDIF), works out
what each person should look like, compares that with what it knows of the
EnableX UCaaS account, and calls the REST API for exactly what differs.

Nobody loses an account by accident: removals come from evidence, inside limits
that are on by default, and everything else waits for a person. Every change is
shown before it is made. It runs as a service or once from a shell; the package
enables and starts nothing.")
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# TLS needs the authorities, a time zone its data; the scripts make user and folders with systemd's own means.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "ca-certificates, tzdata, systemd | systemd-sysusers, systemd | systemd-tmpfiles")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${HERE}/package/conffiles ${HERE}/package/postinst ${HERE}/package/prerm ${HERE}/package/postrm)
set(CPACK_OUTPUT_CONFIG_FILE ${CMAKE_BINARY_DIR}/CPackConfig.cmake)
set(CPACK_SOURCE_OUTPUT_CONFIG_FILE ${CMAKE_BINARY_DIR}/CPackSourceConfig.cmake)
# Folders that CMake makes on the way are 0755 whatever the umask of who builds.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
