// expect: open
// The handler stores through a pointer that the program sets to null at times. The handler asks for null before.
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct data { int error, stopping; };
static struct data *data;

static void stop(int s)
{
    if (data)
        data->stopping = s;
}

__attribute__((noinline)) static void forget(void) { data = NULL; }

__attribute__((noinline)) static struct data *fresh(void)
{
    data = calloc(1, sizeof *data);
    return data;
}

int main(int argc, char **argv)
{
    struct sigaction action;

    (void)argv;
    memset(&action, 0, sizeof action);
    action.sa_handler = stop;
    sigaction(SIGTERM, &action, NULL);
    for (;;) {
        if (!fresh())
            return 1;
        pause();
        if (argc > 3)
            forget();
    }
}
