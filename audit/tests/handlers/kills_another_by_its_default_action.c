// expect: fail
// The signal with the default action goes to the parent, so that the program goes on with another errno.
#include <signal.h>
#include <string.h>
#include <unistd.h>
static void handler(int s) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    sigaction(s, &action, 0);
    unlink("/tmp/server.pid");
    kill(getppid(), s);
}
int main(void) {
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGTERM, &action, 0);
    for (;;) pause();
}
