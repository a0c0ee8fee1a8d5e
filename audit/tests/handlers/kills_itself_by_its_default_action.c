// expect: pass
// With the default action a signal that the process sends to itself by kill ends it, so that nobody sees errno.
#include <signal.h>
#include <string.h>
#include <unistd.h>
static void handler(int s) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    sigaction(s, &action, 0);
    unlink("/tmp/server.pid");
    kill(getpid(), s);
}
int main(void) {
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGTERM, &action, 0);
    sigaction(SIGINT, &action, 0);
    for (;;) pause();
}
