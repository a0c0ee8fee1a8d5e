// truth: safe: strcpy, strcat, strlen and memcpy of constant texts into a local array, written to stderr
#include "corpus.h"
static void handler(int s) {
    int keep = errno;
    char line[80];
    strcpy(line, "got ");
    strcat(line, s == SIGTERM ? "SIGTERM" : "another signal");
    strcat(line, "\n");
    (void)!write(STDERR_FILENO, line, strlen(line));
    errno = keep;
}
MAIN(handler)
