// expect: undecided
// A text may be longer than its array. The handler ends the process, so that it never restores the registers that lie behind.
#include <signal.h>
#include <string.h>
#include <unistd.h>
static char text[48];
static void handler(int s) {
    char line[32];
    size_t length = strnlen(text, sizeof text);
    memcpy(line, text, length);
    (void)!write(1, line, length);
    _exit(s + (int)length);
}
int main(int count, char **texts) {
    if (count > 1) strncpy(text, texts[1], sizeof text - 1);
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (;;) pause();
}
