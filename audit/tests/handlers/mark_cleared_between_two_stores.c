// expect: undecided
// The program clears the mark before the second of two words that belong together.
#include "corpus.h"
static volatile sig_atomic_t busy; static volatile int width, height, area;
static void on(int s) { (void)s; if (!busy) area = width * height; }
int main(int argc, char **argv) {
    (void)argv;
    INSTALL(SIGUSR1, on);
    for (;;) {
        busy = 1;
        width = argc++;
        busy = 0;
        height = argc;
        pause();
    }
}
