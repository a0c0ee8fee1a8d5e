// truth: unsafe: the frame is as large as a global says
#include "corpus.h"
volatile size_t size = 1 << 20;
static void handler(int s) {
    int saved = errno;
    char text[size];
    memset(text, s, size);
    (void)!write(2, text, size);
    errno = saved;
}
MAIN(handler)
