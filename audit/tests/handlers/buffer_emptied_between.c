// expect: undecided
// The program copies to the end of a buffer and then raises its length; the handler writes it out and empties it in between.
#include "corpus.h"
static char buffer[4096];
static volatile size_t length;
static void handler(int s) {
    int saved = errno;
    (void)s;
    (void)!write(1, buffer, length < sizeof buffer ? length : sizeof buffer);
    length = 0;
    errno = saved;
}
static void put(const char *text) {
    size_t n = strlen(text);
    if (length + n > sizeof buffer)
        return;
    memcpy(buffer + length, text, n);
    length += n;
}
int main(int argc, char **argv) { (void)argc; INSTALL(SIGALRM, handler); for (;;) put(argv[0]); }
