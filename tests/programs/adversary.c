/* A third process: what PROTOCOL.md lets it send, as fast as it can.
 *
 *   adversary words SERVER VICTIM [MESSAGE]
 *                                      words of a frame: with the proof of a session of its own (a replay), and with
 *                                      guessed ones
 *   adversary bits SERVER VICTIM       the same in bits, in the name of VICTIM
 *   adversary hellos SERVER VICTIM     hello and open in the name of VICTIM
 *   adversary answers SERVER VICTIM    answers of SERVER to VICTIM
 *   adversary all SERVER VICTIM        all of these in turn
 *   adversary reply SERVER VICTIM      once: a reply in its own name, to a request whose nonce it guesses; SERVER may wait for
 *                                      one, and rejects this
 *   adversary names SERVER PID...      once: hello and open in the name of each PID, on each signal
 *
 * What is forged says MESSAGE, as a message and as a reply. Without one, the adversary first delivers a message of its own, and
 * forges the same.
 *
 * It prints "ready" now and then. All but reply and names go on until standard input or VICTIM ends, and then print how many signals
 * were sent. It exits with 3 if SERVER has sent it a hello, as before a reply that is another's. No process but SERVER and VICTIM is signalled, and VICTIM must have the same parent.
 */
#include <poll.h>

#include "protocol.h"

#define EVIL "EVIL: this is what the third process says"

/* Many of these would leave no room for the signals of other processes of the user. */
#define MOST_QUEUED 1000

static const int SIGNALS[] = {SIGUSR1, SIGUSR2, WORD_SIGNAL};

static struct transfer own;
static pid_t victim;
static int victim_fd;
static uint8_t *frame, *frames[2];
static size_t size, sizes[2];
static unsigned long sent;

static unsigned long queued(void) {
    char line[256];
    unsigned long number = 0;
    FILE *status = fopen("/proc/self/status", "r");
    if (status == NULL)
        return 0;
    while (fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "SigQ: %lu", &number) == 1)
            break;
    fclose(status);
    return number;
}

static void forge(int sig, const struct content *content) {
    sent += queue(own.server, sig, content) == 0;
}

/* Returns its own nonces, invented ones, or half of each. */
static struct key guess(unsigned long n) {
    struct key key = own.key;
    if (n & 1)
        key.client = random_number();
    if (n & 2)
        key.server = random_number();
    return key;
}

static void words(unsigned long n) {
    uint32_t flag = n & 4 ? WORD_ASKS : 0, count = (size + WORD_BYTES - 1) / WORD_BYTES;
    /* Only the word that is due can be taken: the first, and those of a longer message. */
    for (uint32_t i = 0; i < 32; i++) {
        uint32_t index = n & 8 ? i : n * 32 % 4096 + i;
        struct content content = word(index, flag, guess(n).server, frame + i % count * WORD_BYTES);
        forge(WORD_SIGNAL, &content);
    }
}

static void bits(unsigned long n) {
    for (size_t i = 0; i < size * 8; i++) {
        struct content content = control(victim, BIT, (n & 4 ? BIT_ASKS : 0) | (i & 0xFF), i, guess(n));
        forge(signal_of(frame, i), &content);
    }
}

static void hellos(unsigned long n) {
    int sig = SIGNALS[n % 3];
    struct key key = guess(n), none = {key.client, 0};
    struct content hello = control(victim, HELLO, 0, VERSION, none);
    struct content open = control(victim, OPEN, 0, n >> 2 & 1, key);
    /* A bare signal introduces this process and not the victim. */
    if (sig == WORD_SIGNAL)
        kill(own.server, sig);
    forge(sig, &hello);
    forge(sig, &open);
}

static void answers(unsigned long n) {
    /* What the victim does not handle yet would kill it. */
    uint64_t caught = mask_of(victim, "SigCgt");
    for (int i = 0; i < 3; i++) {
        if (!(caught >> (SIGNALS[i] - 1) & 1))
            continue;
        for (uint64_t kind = GREETED; kind <= REJECTED; kind++) {
            uint64_t number = kind == REJECTED ? 1 + n % 8 : n / 8 % (size * 8 + 1);
            struct content content = control(own.server, kind, n & 0xFF, number, guess(n));
            content.error = kind == OK || kind == WAIT ? random_number() >> 33 : 0;
            content.signo = SIGNALS[i];
            /* Never another process that has its PID now. */
            sent += syscall(SYS_pidfd_send_signal, victim_fd, SIGNALS[i], &content, 0) == 0;
        }
    }
}

/* Takes what has come, and returns whether a hello of the server is among it. */
static int is_addressed(void) {
    struct content content;
    int found = 0;
    while (take(&own.answers, &content, 0) > 0)
        found |= content.code == SI_QUEUE && content.pid == own.server && kind_of(&content) == HELLO;
    return found;
}

static int is_over(void) {
    struct pollfd ends[] = {{.fd = 0, .events = POLLIN}, {.fd = victim_fd, .events = POLLIN}};
    return poll(ends, 2, 0) != 0;
}

static int is_sibling(pid_t pid) {
    char path[64], line[256];
    int parent = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *status = fopen(path, "r");
    if (status == NULL)
        return 0;
    while (fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "PPid: %d", &parent) == 1)
            break;
    fclose(status);
    return parent == getppid();
}

static void send_frame(int in_words) {
    size_t count = in_words ? (size + WORD_BYTES - 1) / WORD_BYTES : size * 8;
    for (size_t i = 0; i < count; i++) {
        int sig = in_words ? WORD_SIGNAL : signal_of(frame, i);
        struct content content = in_words ? word(i, WORD_ASKS, own.key.server, frame + i * WORD_BYTES)
                                          : control(getpid(), BIT, BIT_ASKS, i, own.key);
        ask(&own, sig, content, i + 1 == count ? DELIVERED : OK, i + 1);
    }
}

/* Waits until the server has taken all signals. */
static void wait_until_taken(void) {
    while (mask_of(own.server, "ShdPnd") & mask_of(own.server, "SigCgt"))
        usleep(100);
}

static void name(pid_t pid) {
    victim = pid;
    for (unsigned long n = 0; n < 24; n++) {
        hellos(n);
        wait_until_taken();
    }
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*send)(unsigned long n);
    } kinds[] = {{"words", words}, {"bits", bits}, {"hellos", hellos}, {"answers", answers}};
    enum { KINDS = sizeof kinds / sizeof *kinds };
    if (argc < 4)
        return 2;
    own.server = atoi(argv[2]);
    victim = atoi(argv[3]);
    if (victim <= 0 || own.server <= 0)
        return 2;
    for (int i = 0; i < 3; i++)
        receive(&own.answers, SIGNALS[i]);
    /* A session of its own: its message is delivered as its own. */
    int sig = catches(own.server, WORD_SIGNAL) ? WORD_SIGNAL : SIGUSR1;
    int in_words = greet(&own, sig) && sig == WORD_SIGNAL;
    const char *text = argc > 4 ? argv[4] : EVIL;
    frames[0] = frame_of(text, own.key, &sizes[0]);
    frames[1] = reply_of(text, own.key.client, own.key, &sizes[1]);
    frame = frames[0], size = sizes[0];
    if (strcmp(argv[1], "names") == 0) {
        for (int i = 3; i < argc; i++)
            name(atoi(argv[i]));
        puts("ready");
        return 0;
    }
    victim_fd = syscall(SYS_pidfd_open, victim, 0);
    if (victim_fd < 0 || !is_sibling(victim))
        return 1;
    if (strcmp(argv[1], "reply") == 0) {
        frame = frames[1], size = sizes[1];
        open_transfer(&own, sig, in_words);
        send_frame(in_words);
        return 0;
    }
    if (argc == 4) {
        open_transfer(&own, sig, in_words);
        send_frame(in_words);
    }
    int is_all = strcmp(argv[1], "all") == 0, is_known = 0;
    for (unsigned long n = 0; !is_over(); n++) {
        for (int i = 0; i < KINDS; i++)
            if (is_all || strcmp(argv[1], kinds[i].name) == 0)
                kinds[i].send(n), is_known = 1;
        if (!is_known)
            return 2;
        frame = frames[n >> 5 & 1], size = sizes[n >> 5 & 1];
        if (is_addressed())
            return 3;
        if (n % 64 == 8) {
            puts("ready");
            fflush(stdout);
        }
        /* What is pending at a server that has ended stays queued until that is reaped. */
        while (queued() > MOST_QUEUED && !is_over())
            usleep(100);
    }
    printf("%lu\n", sent);
    return 0;
}
