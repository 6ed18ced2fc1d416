# cmake -DIN=FILE -DOUT=FILE -DNAME=NAME -DHEADER=HEADER -P embed.cmake: the bytes of a file as the C array NAME, and
# their number as NAME_size; HEADER declares both.
file(READ ${IN} bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUT} "#include \"${HEADER}\"

const unsigned char ${NAME}[] = {
${bytes}};
const size_t ${NAME}_size = sizeof(${NAME});
")
