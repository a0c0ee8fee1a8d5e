// expect: fail
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
static void on(int s) {
    unlink("/tmp/of-this-program");
    if (s != SIGTERM) return;
    signal(s, SIG_DFL);
    raise(s);
}
int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) signal(atoi(argv[i]), on);
    signal(SIGTERM, on);
    signal(SIGUSR1, on);
    return pause();
}
