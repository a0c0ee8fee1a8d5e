// expect: undecided
// A number chooses a byte of the text, which may be the descriptor behind it.
#include <errno.h>
#include <signal.h>
#include <unistd.h>
struct record { char text[8]; volatile int fd; };
static volatile sig_atomic_t which;
static void handler(int s) {
    int saved = errno;
    struct record record = {"", 2};
    (void)s;
    record.text[which & 15] = 'x';
    (void)!write(record.fd, record.text, 8);
    errno = saved;
}
int main(void) {
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (;;) pause();
}
