// expect: open
// The handler that was there before is another of the program.
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

static void first(int sig)
{
    hangup = sig;
}

int main(void)
{
    struct sigaction action;
    signal(SIGHUP, first);
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    sigaction(SIGHUP, &action, &old);
    for (;;)
        pause();
}
