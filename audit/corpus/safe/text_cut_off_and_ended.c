// truth: safe: strncpy cuts the text off, and the handler stores its end
// expect: pass
#include "corpus.h"
static char name[64] = "a name that may be long";
static void on(int s) {
    (void)s;
    int saved = errno;
    char text[16];
    strncpy(text, name, sizeof text - 1);
    text[sizeof text - 1] = 0;
    (void)!write(2, text, strlen(text));
    errno = saved;
}
MAIN(on)
