// expect: undecided
// All of the section is cleared that the table lies in.
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

struct entry { int number; const char *name; };
static struct entry other __attribute__((section("tables"))) = { 1, "x" };
static struct entry table[3] __attribute__((section("tables"))) = { { SIGINT, "interrupt" }, { SIGTERM, "terminated" }, { SIGHUP, "hangup" } };
extern char __start_tables[], __stop_tables[];
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

__attribute__((noinline)) static void drop(char *from, char *to) {
    while (from < to)
        *from++ = 0;
}

int main(int count, char **arguments) {
    struct sigaction action = { .sa_handler = on };
    sigaction(SIGHUP, &action, 0);
    sigaction(SIGTERM, &action, 0);
    while (!ended) {
        pause();
        other.number++; table[0].number = table[1].number + count; drop(__start_tables, __stop_tables);
    }
    return 0;
}
