// truth: unsafe: the handler appends its note to a text of the program, which the program may be building
#include "corpus.h"
static char text[256];
static void handler(int sig)
{
    (void)sig;
    if (strlen(text) < sizeof text - 8)
        strcat(text, " hup");
}
int main(void)
{
    INSTALL(SIGHUP, handler);
    for (;;) {
        strcpy(text, "state:");
        strcat(text, " ready");
        puts(text);
    }
}
