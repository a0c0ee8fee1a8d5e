// assume: valid:list valid:list@0x8
// expect: pass
#include "program.h"
struct list { long is_set; struct list *next; } *list;
static void on(int s) { (void)s; list->next->is_set = 1; }
int main(int argc, char **argv)
{
    (void)argv;
    list = calloc(argc, sizeof *list);
    list->next = list;
    INSTALL(on);
    for (;;)
        pause();
}
