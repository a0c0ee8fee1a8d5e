// truth: safe: the textbook's Signal function, which returns the old handler, sets two handlers
#include "corpus.h"
typedef void Sigfunc(int);
NOINLINE Sigfunc *Signal(int signo, Sigfunc *func) {
    struct sigaction act, oact;
    act.sa_handler = func; sigemptyset(&act.sa_mask); act.sa_flags = 0;
    if (signo == SIGALRM) { act.sa_flags |= SA_INTERRUPT; } else { act.sa_flags |= SA_RESTART; }
    if (sigaction(signo, &act, &oact) < 0) return SIG_ERR;
    return oact.sa_handler;
}
static volatile sig_atomic_t timed_out, winch;
static void on_alarm(int s) { timed_out = 1; }
static void on_winch(int s) { winch = 1; }
int main(void) {
    Sigfunc *old = Signal(SIGALRM, on_alarm);
    if (Signal(SIGWINCH, on_winch) == SIG_ERR) return 1;
    alarm(2); char b[8]; ssize_t n = read(0, b, 8); alarm(0);
    Signal(SIGALRM, old);
    return timed_out && n < 0;
}
