// expect: undecided
// A function is given the end of the table, and clears it from there.
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

struct entry { int number; const char *name; };
static struct entry table[] = { { SIGINT, "interrupt" }, { SIGTERM, "terminated" }, { SIGHUP, "hangup" } };
static volatile sig_atomic_t ended;
static volatile char first;

static void on(int number) {
    int old = errno;
    for (unsigned i = 0; i < 3; i++)
        if (table[i].number == number) {
            first = table[i].name[0];
            if (write(2, table[i].name, strlen(table[i].name)) < 0)
                break;
        }
    ended = 1;
    errno = old;
}

__attribute__((noinline)) static void drop(struct entry *of) {
    for (int i = 0; i < 2; i++)
        (--of)->name = 0;
}

int main(int count, char **arguments) {
    struct sigaction action = { .sa_handler = on };
    sigaction(SIGHUP, &action, 0);
    sigaction(SIGTERM, &action, 0);
    while (!ended) {
        pause();
        drop(table + 3);
    }
    return 0;
}
