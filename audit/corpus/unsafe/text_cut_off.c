// truth: unsafe: strncpy cuts the text off and leaves no end, and strlen reads on
// expect: fail
#include "corpus.h"
static void on(int s) {
    int saved = errno;
    char text[8];
    strncpy(text, s == SIGUSR1 ? "a user's signal" : "another signal", sizeof text);
    (void)!write(2, text, strlen(text));
    errno = saved;
}
MAIN(on)
