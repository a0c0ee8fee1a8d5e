/* A client written from PROTOCOL.md alone: words on signal 44, one at a time, each of which asks for an answer.
 *
 *   words PID MESSAGE [half|whole]    exit 0: delivered, 1: error, 5: no words are taken, 6: timeout, 7: rejected
 *
 * With half it executes sleep once its first word has been taken, with whole once it has sent the last and without waiting for
 * the answer to that.
 */
#include "protocol.h"

static void nothing(int sig) { (void)sig; }

/* Becomes a program that any of our signals kills. */
static void execute(void) {
    int signals[] = {SIGUSR1, SIGUSR2, WORD_SIGNAL};
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < 3; i++) {
        signal(signals[i], nothing);
        sigaddset(&set, signals[i]);
    }
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    execlp("sleep", "sleep", "1000", NULL);
    exit(1);
}

int main(int argc, char **argv) {
    if (argc != 3 && argc != 4)
        return 2;
    int half = argc == 4 && strcmp(argv[3], "half") == 0;
    int whole = argc == 4 && !half;
    struct transfer t = {.server = atoi(argv[1])};
    if (!catches(t.server, WORD_SIGNAL))
        return 5;
    receive(&t.answers, WORD_SIGNAL);
    if (!greet(&t, WORD_SIGNAL))
        return 5;
    open_transfer(&t, WORD_SIGNAL, 1);
    size_t size;
    uint8_t *frame = frame_of(argv[2], t.key, &size);
    size_t count = (size + WORD_BYTES - 1) / WORD_BYTES;
    for (size_t i = 0; i < count; i++) {
        if (whole && i + 1 == count) {
            struct content last = word(i, 0, t.key.server, frame + i * WORD_BYTES);
            queue(t.server, WORD_SIGNAL, &last);
            execute();
        }
        struct content next = word(i, WORD_ASKS, t.key.server, frame + i * WORD_BYTES);
        ask(&t, WORD_SIGNAL, next, i + 1 == count ? DELIVERED : OK, i + 1);
        if (half)
            execute();
    }
    return 0;
}
