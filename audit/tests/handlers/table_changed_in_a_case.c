// expect: undecided
// Cases of a switch change an entry by a pointer in a register.
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

__attribute__((noinline)) static void change(int how, int of) {
    struct entry *at = table + of;
    switch (how) {
    case 0: at->name = 0; break;
    case 1: (void)!write(1, "a", 1); at[0].name = "x"; break;
    case 2: at->number = 1; /* and: */
    case 3: at->name = (void *)8L; break;
    case 4: (void)!write(1, "b", 1); break;
    case 5: at->name += 3;
    }
}

int main(int count, char **arguments) {
    struct sigaction action = { .sa_handler = on };
    sigaction(SIGHUP, &action, 0);
    sigaction(SIGTERM, &action, 0);
    while (!ended) {
        pause();
        change(count, count);
    }
    return 0;
}
