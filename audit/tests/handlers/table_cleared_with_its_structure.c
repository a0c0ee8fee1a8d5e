// expect: undecided
// The structure around the table is cleared by a function that is given its address.
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

struct entry { int number; const char *name; };
static struct { long before[2]; struct entry of[3]; } all = { { 1, 2 }, { { SIGINT, "interrupt" }, { SIGTERM, "terminated" }, { SIGHUP, "hangup" } } };
#define table all.of
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

__attribute__((noinline)) static void drop(void *of) {
    memset(of, 0, sizeof all);
}

int main(int count, char **arguments) {
    struct sigaction action = { .sa_handler = on };
    sigaction(SIGHUP, &action, 0);
    sigaction(SIGTERM, &action, 0);
    while (!ended) {
        pause();
        drop(&all);
    }
    return 0;
}
