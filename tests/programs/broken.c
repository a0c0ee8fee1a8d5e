/* A server that breaks the protocol, or breaks off.
 *
 *   broken forgets    says greeted to each hello, with a new nonce, and also to each open
 *   broken stands     takes hello and open, and then says for ever that the first bit or word is due
 *   broken leaves     takes 40 bits, says wait, and executes sleep
 *   broken resets     handles each signal once (SA_RESETHAND), and answers nothing
 *
 * It prints its PID.
 */
#include "protocol.h"

static void nothing(int sig) { (void)sig; }

int main(int argc, char **argv) {
    if (argc != 2)
        return 2;
    int forgets = strcmp(argv[1], "forgets") == 0;
    int leaves = strcmp(argv[1], "leaves") == 0;
    int resets = strcmp(argv[1], "resets") == 0;
    int signals[] = {SIGUSR1, SIGUSR2, WORD_SIGNAL};
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < 3; i++) {
        struct sigaction action = {.sa_handler = nothing, .sa_flags = resets ? SA_RESETHAND : SA_RESTART};
        sigaction(signals[i], &action, NULL);
        sigaddset(&set, signals[i]);
    }
    if (!resets)
        sigprocmask(SIG_BLOCK, &set, NULL);
    printf("PID %d\n", (int)getpid());
    fflush(stdout);
    while (resets)
        pause();
    struct key key = {0, 0};
    uint64_t taken = 0;
    pid_t client = 0;
    int is_open = 0;
    for (;;) {
        struct content content = {0};
        int sig = take(&set, &content, 1000);
        int is_word = content.code == SI_SIGIO;
        if (sig < 0 || (content.code != SI_QUEUE && !is_word))
            continue;
        if (!is_word)
            client = content.pid;
        uint64_t kind = is_word ? WORD : kind_of(&content), serial = 0;
        int is_known = is_open && content.client == key.client;
        if ((kind == HELLO && !is_known) || (kind == OPEN && forgets)) {
            key = (struct key){content.client, forgets ? random_number() : 1};
            kind = GREETED;
            is_open = 0;
        } else {
            is_open |= kind == OPEN;
            if (kind == BIT && leaves)
                taken += number_of(&content) == taken;
            if (kind == BIT)
                serial = content.value >> 40 & 0xFF;
            kind = taken >= 40 ? WAIT : OK;
        }
        struct content answer = control(getpid(), kind, serial, kind == GREETED ? !leaves : taken, key);
        queue(client, sig, &answer);
        if (kind == WAIT) {
            /* What was in flight comes first; a client that waits asks again only after 250 ms. */
            while (take(&set, &content, 50) > 0)
                ;
            sigprocmask(SIG_UNBLOCK, &set, NULL);
            execlp("sleep", "sleep", "1000", NULL);
            return 1;
        }
    }
}
