// SPDX-License-Identifier: MIT
/*
 * replay FILE...: gives each file to a fuzz harness once, without a fuzzing engine: for `make test`
 * with any compiler, and for looking at one crash in a debugger.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static int replay(const char *path)
{
    FILE *file = fopen(path, "rbe");
    long len;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (len = ftell(file)) < 0) {
        perror(path);
        return 1;
    }
    rewind(file);
    /* As large as the input and not a byte more, so that a read behind its end is noticed. */
    uint8_t *bytes = malloc(len > 0 ? (size_t)len : 1);
    if (bytes == NULL || fread(bytes, 1, (size_t)len, file) != (size_t)len) {
        perror(path);
        return 1;
    }
    fclose(file);
    fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(bytes, (size_t)len);
    free(bytes);
    return 0;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (replay(argv[i]) != 0)
            return 1;
    }
    return 0;
}
