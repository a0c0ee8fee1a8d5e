// truth: unsafe: a text of up to 48 bytes is copied over an array of 32 and over what lies behind it, the handler's argument
// only: clang-O0
#include "corpus.h"
static char text[48];
static void handler(int s) {
    char line[32];
    size_t length = strnlen(text, sizeof text);
    memcpy(line, text, length);
    (void)!write(1, line, length);
    _exit((int)length);
}
int main(int count, char **texts) { if (count > 1) strncpy(text, texts[1], 47); INSTALL(SIGUSR1, handler); for (;;) pause(); }
