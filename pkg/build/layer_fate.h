#ifndef INLAY_BUILD_LAYER_FATE_H
#define INLAY_BUILD_LAYER_FATE_H

/* How a layer comes to the target. */
enum layer_fate {
    LAYER_BUILT,  /* from the model's files */
    LAYER_THERE,  /* the target has it */
    LAYER_COPIED, /* from another image: mounted if the registry can do that, else sent */
};

/* "there", "copy", "build". */
const char *layer_fate_name(enum layer_fate fate);

#endif
