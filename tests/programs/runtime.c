/* Sends a text as programs in other languages do: each bit, most significant first, SIGUSR2 is 1, a NUL at the end.
 *
 *   runtime python PID TEXT    waits in sigsuspend for each bit, and restores the default actions before it ends
 *   runtime go PID TEXT        catches every signal, does nothing for most, and waits in a read for each bit
 *   runtime paced PID TEXT     handles no signal and waits until each bit is taken
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "taken.h"

/* What Go's linker puts at the beginning of each program. */
__attribute__((section(".note.go.buildid"), used, aligned(4)))
static const struct { unsigned name_size, size, type; char name[4], id[4]; } note = {4, 4, 4, "Go", "id"};

static volatile sig_atomic_t acknowledged;
static int ring[2];

static void handle(int sig) {
    if (sig != SIGUSR1)
        return;
    acknowledged = 1;
    write(ring[1], "", 1);
}

int main(int argc, char **argv) {
    if (argc != 4 || pipe(ring) != 0)
        return 1;
    int is_go = strcmp(argv[1], "go") == 0, is_paced = strcmp(argv[1], "paced") == 0;
    int server = atoi(argv[2]);
    sigset_t usr1, before;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, is_go ? NULL : &usr1, &before);
    for (int sig = 1; sig <= SIGRTMAX && !is_paced; sig++)
        if (is_go || sig == SIGUSR1)
            signal(sig, handle);
    const char *text = argv[3];
    for (size_t i = 0; i <= strlen(text); i++)
        for (int bit = 7; bit >= 0; bit--) {
            char byte;
            acknowledged = 0;
            kill(server, text[i] >> bit & 1 ? SIGUSR2 : SIGUSR1);
            if (is_paced)
                wait_until_taken(server);
            else if (is_go)
                while (read(ring[0], &byte, 1) < 0 && errno == EINTR)
                    ;
            else
                while (!acknowledged)
                    sigsuspend(&before);
        }
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR1, SIG_DFL);
    usleep(100000);
    return 0;
}
