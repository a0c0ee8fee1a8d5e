// truth: unsafe: one case of a switch blocks the signal, the others change the count with it unblocked
#include "corpus.h"
static volatile unsigned n;
static sigset_t set, old;
static void handler(int s) { (void)s; n = n + 1; }
int main(void) {
    INSTALL(SIGUSR1, handler); sigemptyset(&set); sigaddset(&set, SIGUSR1);
    for (;;) {
        int c = getchar();
        switch (c) {
        case 'a': sigprocmask(SIG_BLOCK, &set, &old); n = n * 3 + 1; sigprocmask(SIG_SETMASK, &old, 0); break;
        case 'b': n = n / 3 + 1; break;
        case 'c': puts("c"); break;
        case 'd': putchar('d'); n = n ^ 77; break;
        case 'e': puts("e"); break;
        case 'f': puts("fff"); break;
        case 'g': printf("%u\n", n); break;
        case 'h': exit(3);
        }
    }
}
