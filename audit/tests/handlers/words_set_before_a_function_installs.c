// expect: pass
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
static volatile pid_t child;
static volatile int grace;
static void on_child(int s) { (void)s; }
static void on(int s) {
    int saved = errno;
    if (grace) alarm((unsigned)grace);
    if (child) kill(child, s);
    errno = saved;
}
__attribute__((noinline)) static void install(int s) {
    struct sigaction how = {.sa_handler = on};
    sigfillset(&how.sa_mask);
    sigaction(SIGINT, &how, NULL);
    sigaction(s, &how, NULL);
}
int main(int argc, char **argv) {
    signal(SIGCHLD, on_child);
    grace = argc > 1 ? atoi(argv[1]) : 5;
    install(SIGTERM);
    child = fork();
    return pause();
}
