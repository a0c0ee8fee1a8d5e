// truth: unsafe: the program handles the last signal and then sets it to 0: another signal between is lost
#include "corpus.h"
static volatile sig_atomic_t last;
static void handler(int s) { last = s; }
int main(void) {
    INSTALL(SIGHUP, handler); INSTALL(SIGTERM, handler);
    for (;;) { pause(); if (last) { printf("%d\n", (int)last); last = 0; } }
}
