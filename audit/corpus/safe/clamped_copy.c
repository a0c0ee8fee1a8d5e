// truth: safe: copies no more than its buffer holds, whatever the variable says
#include "corpus.h"
static char msg[4096]; static volatile size_t msg_len;
static void handler(int sig) {
    int e = errno; char b[64]; size_t n = msg_len;
    if (n > sizeof b) n = sizeof b;
    memcpy(b, msg, n); ssize_t r = write(2, b, n); (void)r; errno = e;
}
int main(int c, char **v) { if (c > 1) { strncpy(msg, v[1], sizeof msg - 1); msg_len = strlen(msg); } INSTALL(SIGUSR1, handler); for (;;) pause(); }
