// truth: safe: the address of a function marks an entry as unset; it is compared with and never installed
#include "corpus.h"
static volatile sig_atomic_t flag;
static void good(int s) { flag = s; }
static void unset(int s) { printf("never a handler %d\n", s); }
static void (*wanted[3])(int) = {unset, unset, unset};
int main(int argc, char **argv) {
    (void)argv;
    if (argc > 1) wanted[1] = 0;
    for (int i = 0; i < 3; i++)
        if (wanted[i] == unset) INSTALL(SIGUSR1 + i, good);
    for (;;) pause();
}
