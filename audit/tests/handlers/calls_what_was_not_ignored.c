// expect: open
// The program takes itself back if the signal was ignored before, so the handler never sees SIG_IGN.
#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct sigaction old;
static volatile sig_atomic_t hangup;

static void handler(int sig)
{
    hangup = 1;
    if (old.sa_handler != SIG_DFL)
        old.sa_handler(sig);
}

int main(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    sigaction(SIGHUP, &action, &old);
    if (old.sa_handler == SIG_IGN)
        sigaction(SIGHUP, &old, 0);
    for (;;)
        pause();
}
