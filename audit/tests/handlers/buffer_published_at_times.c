// expect: undecided
// The handler tells the program where its buffer is, or takes that back, and changes it by the next signal.
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>
static char line[32] = "signal 00\n";
static char *_Atomic message;
static atomic_int quiet;
static void on(int s) {
    int e = errno;
    line[7] = (char)('0' + s / 10);
    line[8] = (char)('0' + s % 10);
    (void)!write(2, line, 10);
    message = quiet ? 0 : line;
    errno = e;
}
int main(int count, char **texts) {
    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_handler = on;
    sigfillset(&a.sa_mask);
    sigaction(SIGUSR1, &a, 0);
    for (;;) {
        quiet = count++ & 1;
        char *text = message;
        if (text) (void)!write(1, text, 10);
    }
}
