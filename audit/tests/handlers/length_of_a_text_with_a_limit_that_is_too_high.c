// expect: undecided
// strnlen may return more than the array of the frame has.
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
static char name[256];
static void handler(int s) {
    (void)s;
    int saved = errno;
    char line[64];
    size_t length = strnlen(name, sizeof name);
    for (size_t i = 0; i < length; i++) ((volatile char *)line)[i] = name[i];
    (void)!write(2, line, length);
    errno = saved;
}
int main(int count, char **texts) {
    if (count > 1) strncpy(name, texts[1], sizeof name - 1);
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGTERM, &action, 0);
    for (;;) pause();
}
