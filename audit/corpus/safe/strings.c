// truth: safe: string functions of the list on constants and on the stack
#include "corpus.h"
volatile sig_atomic_t same;
static void handler(int s) {
    int saved = errno;
    char text[32];
    (void)s;
    strcpy(text, "signal ");
    strcat(text, "seen\n");
    same = strcmp(text, "signal seen\n") == 0 && strchr(text, 's') == text;
    (void)!write(2, text, strlen(text));
    errno = saved;
}
MAIN(handler)
