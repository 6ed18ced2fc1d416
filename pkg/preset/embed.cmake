# cmake -DIN=FILE -DOUT=FILE -P embed.cmake: the bytes of a file as a C array.
file(READ ${IN} bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUT} "#include \"preset/preset_internal.h\"

const unsigned char preset_builtin[] = {
${bytes}};
const size_t preset_builtin_size = sizeof(preset_builtin);
")
