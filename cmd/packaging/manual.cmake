# cmake -DPROGRAM=INLAY -DOUT=DIR -P manual.cmake: the pages of the manual, as the program writes them. Their date is that of
# SOURCE_DATE_EPOCH, if that is set.
string(TIMESTAMP date "%Y-%m-%d" UTC)

function(write_page name command)
  execute_process(COMMAND ${PROGRAM} __manual ${date} ${command} OUTPUT_FILE ${OUT}/${name}.1 COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE ${OUT})
file(MAKE_DIRECTORY ${OUT})
execute_process(COMMAND ${PROGRAM} __complete help "" OUTPUT_VARIABLE commands COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" commands "${commands}")
write_page(inlay "")
foreach(line IN LISTS commands)
  if(line MATCHES "^([a-z]+)\t")
    write_page(inlay-${CMAKE_MATCH_1} ${CMAKE_MATCH_1})
  endif()
endforeach()
