// expect: pass
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t verbose;

static void on(int s) { (void)s; verbose = !verbose; }

int main(int argc, char **argv) {
    // Before the handler is installed.
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == 'v') verbose++;
    }
    signal(SIGUSR1, on);
    for (;;) {
        pause();
        puts(verbose ? "more" : "less");
    }
}
