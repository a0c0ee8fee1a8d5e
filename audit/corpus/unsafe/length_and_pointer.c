// truth: unsafe: the handler publishes a buffer as a pointer and a length, which the program may see one without the other
#include "corpus.h"
static const char small[] = "ok", large[] = "a text that is longer";
static struct { const char *volatile text; volatile size_t length; } answer = {small, 2};
static void handler(int sig)
{
    if (sig == SIGUSR1) {
        answer.text = large;
        answer.length = sizeof large - 1;
    } else {
        answer.text = small;
        answer.length = sizeof small - 1;
    }
}
int main(void)
{
    INSTALL(SIGUSR1, handler);
    INSTALL(SIGUSR2, handler);
    for (;;)
        write(1, answer.text, answer.length);
}
