"""Prompts, questions before an act, and what it did."""

WORDS: dict[str, tuple[str, str]] = {
    "prompt.filter.jobs": (
        "filter: words, status:failed, status:disabled, tag:night",
        "筛选：文字、status:failed、status:disabled、tag:night",
    ),
    "prompt.filter.logs": (
        "filter: text, job:name, status:bad, trigger:manual, since:12h",
        "筛选：文字、job:名称、status:bad、trigger:manual、since:12h",
    ),
    "prompt.search": ("search in this log", "在日志中查找"),
    "prompt.command": (
        "jobs, logs, log 812, job NAME, help, lang en|zh, quit",
        "jobs、logs、log 812、job 名称、help、lang en|zh、quit",
    ),
    "dialog.yes": ("y  do it", "y  执行"),
    "dialog.no": ("Esc  back", "Esc  返回"),
    "dialog.dry_run.no": ("d  dry run: no", "d  试运行：否"),
    "dialog.dry_run.yes": (
        "d  DRY RUN: reads go out, writes are recorded and not sent",
        "d  试运行：读取照常发出，写入只记录、不发送",
    ),
    "dialog.not_that": ("that is not {text}", "不是 {text}"),
    "dialog.reason": ("r or Tab: a reason, which the audit trail keeps", "按 r 或 Tab 填写原因，记入审计"),
    "dialog.reason.tab": ("Tab: a reason, which the audit trail keeps", "按 Tab 填写原因，记入审计"),
    "dialog.type": ("type {text} and press Enter", "输入 {text} 后按 Enter"),
    "dialog.and_more": ("and {count} more", "以及另外 {count} 个"),
    "ask.run": ("Run {count} job(s) of {instance} now?", "立即运行 {instance} 的 {count} 个作业？"),
    "ask.run.no_dry": ("A dry run takes {count} jobs at the most.", "试运行一次最多 {count} 个作业。"),
    "ask.retry": ("Retry {count} run(s) of {instance}?", "重试 {instance} 的 {count} 次运行？"),
    "ask.retry_failed": (
        "Retry what failed of {count} job(s) of {instance}?",
        "重试 {instance} 中 {count} 个作业的失败运行？",
    ),
    "ask.cancel": ("Cancel {count} run(s) of {instance}?", "取消 {instance} 的 {count} 次运行？"),
    "ask.enable": ("Enable {count} job(s) of {instance}?", "启用 {instance} 的 {count} 个作业？"),
    "ask.disable": ("Disable {count} job(s) of {instance}?", "停用 {instance} 的 {count} 个作业？"),
    "ask.nothing": ("nothing is chosen", "未选择任何项"),
    "ask.none_match": ("nothing matches that did not succeed", "没有符合且未成功的运行"),
    "done.more": ("{line} · {count} more", "{line} · 另有 {count} 项"),
    "done.refused": ("not done: {reason}", "未执行：{reason}"),
    "done.undo": ("undo: {how}", "撤销：{how}"),
    "copied": ("sent to the terminal's clipboard: {text}", "已送往终端剪贴板：{text}"),
    "marked": ("{count} marked", "已标记 {count}"),
    "sorted": ("sorted by {what}", "按 {what} 排序"),
}
