/* Handles our three signals, and takes no part in anything.
 *
 *   bystander [SERVER]    sends SERVER a bare signal of each number
 *
 * Prints "ready", and at SIGTERM how many signals of each number have come.
 */
#include "protocol.h"

int main(int argc, char **argv) {
    static const int SIGNALS[] = {SIGUSR1, SIGUSR2, WORD_SIGNAL};
    int counts[65] = {0};
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < 3; i++)
        receive(&set, SIGNALS[i]);
    receive(&set, SIGTERM);
    for (int i = 0; argc > 1 && i < 3; i++)
        if (kill(atoi(argv[1]), SIGNALS[i]) != 0)
            return 1;
    puts("ready");
    fflush(stdout);
    struct content content = {0};
    int sig, is_over = 0;
    while ((sig = take(&set, &content, is_over ? 0 : 1000)) > 0 || !is_over) {
        is_over |= sig == SIGTERM;
        counts[sig > 0 ? sig : 0]++;
    }
    printf("%d %d %d\n", counts[SIGUSR1], counts[SIGUSR2], counts[WORD_SIGNAL]);
    return 0;
}
