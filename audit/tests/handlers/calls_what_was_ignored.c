// expect: fail
// The handler calls the one that was there before unless that is SIG_DFL; under nohup it is SIG_IGN, the number 1.
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
    for (;;)
        pause();
}
