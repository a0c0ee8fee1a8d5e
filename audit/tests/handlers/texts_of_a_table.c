// expect: open
// A table of numbers and texts that may be written, and is not: the file says what it holds.
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

struct entry { int number; const char *name; };
static struct entry table[] = { { SIGINT, "interrupt" }, { SIGTERM, "terminated" }, { SIGHUP, "hangup" }, { 0, 0 } };
static volatile sig_atomic_t ended;

static void on(int number) {
    int old = errno;
    for (struct entry *of = table; of->number; of++)
        if (of->number == number && write(2, of->name, strlen(of->name)) < 0)
            break;
    ended = 1;
    errno = old;
}

int main(void) {
    for (struct entry *of = table; of->number; of++) {
        struct sigaction action = { .sa_handler = on };
        sigaction(of->number, &action, 0);
    }
    while (!ended)
        pause();
    return 0;
}
