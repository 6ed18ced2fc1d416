#ifndef INLAY_NAMED_HERE_H
#define INLAY_NAMED_HERE_H

#include "core/error.h"

/* What the command does with the image that is named. */
enum image_use {
    IMAGE_READ,
    IMAGE_SCANNED, /* or else a folder of sources is */
    IMAGE_WRITTEN,
};

/*
 * A name that would be one of Docker Hub, and is also that of a file or folder here, is not asked
 * for: what is here is likelier meant, and the message says how to write either. Without a tag that
 * is so for every file and folder; with one, as 'python:3.12' has it beside a folder 'python', only
 * for an OCI layout. A name that ends as those of archives do, '.tar' say, is a file's in any case.
 * 'docker://' before the name says that the registry is meant. ERROR_USAGE.
 */
int named_here_refuse(const char *text, enum image_use use, struct error *err) MUST_CHECK;

#endif
