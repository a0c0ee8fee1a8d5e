// truth: safe: builds a text with strcpy and strcat in a buffer of the frame that is long enough
#include "corpus.h"
static void handler(int sig) {
    int e = errno; char text[64];
    strcpy(text, "got ");
    strcat(text, sig == SIGTERM ? "TERM" : sig == SIGINT ? "INT" : "another one");
    strcat(text, "\n");
    ssize_t r = write(2, text, strlen(text)); (void)r; errno = e;
}
MAIN(handler)
