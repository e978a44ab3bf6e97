"""Every word on a screen, in English and Chinese.

States and commands stay English in both: they are looked up and grepped.
"""

from __future__ import annotations

import os

LANGUAGES = ("en", "zh")

_TABLE: dict[str, tuple[str, str]] = {
    # screens
    "title.jobs": ("Jobs", "作业"),
    "title.logs": ("JobLogs", "运行记录"),
    "title.log": ("JobLog {id}", "运行记录 {id}"),
    "title.job": ("Job {name}", "作业 {name}"),
    "title.failures": ("Failures", "失败归类"),
    "title.help": ("Keys", "按键"),
    "title.menu": ("What can be done here", "可执行的操作"),
    "header.of": ("as of {time}", "截至 {time}"),
    "header.read_only": ("READ-ONLY", "只读"),
    "opening": ("opening …", "正在打开 …"),
    "counting": ("counting …", "正在计数 …"),
    "away": ("trying again · {cause}", "正在重试 · {cause}"),
    "bug": ("this screen failed and was closed: error {id}, see {where}", "该界面出错已关闭：错误 {id}，见 {where}"),
    "too_small": ("80×24 is needed; this is {width}×{height}", "需要 80×24，当前 {width}×{height}"),
    # columns
    "column.job": ("JOB", "作业"),
    "column.id": ("RUN", "编号"),
    "column.status": ("STATUS", "状态"),
    "column.last": ("LAST RUNS", "最近运行"),
    "column.next": ("NEXT RUN", "下次运行"),
    "column.handler": ("HANDLER", "插件"),
    "column.tags": ("TAGS", "标签"),
    "column.trigger": ("TRIGGER", "触发"),
    "column.slot": ("SLOT", "计划时间"),
    "column.started": ("STARTED", "开始"),
    "column.took": ("TOOK", "用时"),
    "column.cause": ("CAUSE", "原因"),
    "column.count": ("RUNS", "次数"),
    "column.newest": ("NEWEST", "最近一次"),
    "column.jobs": ("JOBS", "作业数"),
    # times
    "time.ago": ("{span} ago", "{span}前"),
    "time.in": ("in {span}", "{span}后"),
    "time.now": ("now", "现在"),
    "time.mode.zone": ("times in {zone}", "时间按 {zone}"),
    "time.mode.utc": ("times in UTC", "时间按 UTC"),
    "time.mode.ago": ("times as distances from {time}", "时间为距 {time} 的间隔"),
    "unit.s": ("{n} s", "{n} 秒"),
    "unit.min": ("{n} min", "{n} 分钟"),
    "unit.h": ("{n} h", "{n} 小时"),
    "unit.d": ("{n} d", "{n} 天"),
    "next.disabled": ("disabled", "已停用"),
    "next.none": ("none", "无"),
    # empty lists
    "empty.jobs": (
        "no jobs yet: `connecthub job add` makes one",
        "还没有作业：用 `connecthub job add` 新建",
    ),
    "empty.jobs.filtered": ("no job matches /{text}: Esc clears the filter", "没有作业符合 /{text}：Esc 清除筛选"),
    "empty.logs": (
        "nothing has run yet: S on a job runs it (2 shows the jobs)",
        "尚无运行：在作业上按 S 立即运行（按 2 看作业）",
    ),
    "empty.logs.filtered": ("no JobLog matches /{text}: Esc clears the filter", "没有记录符合 /{text}：Esc 清除筛选"),
    "empty.failures": ("nothing failed that matches", "没有符合的失败"),
    "empty.log": ("no line yet", "还没有日志"),
    # one run
    "facts.chain": ("attempts", "各次尝试"),
    "facts.calls": ("calls", "外部调用"),
    "facts.result": ("result", "结果"),
    "facts.traceback": ("traceback", "异常堆栈"),
    "facts.secrets": ("secrets", "机密"),
    "facts.secret_set": ("set", "已设置"),
    "facts.secrets_unreadable": ("cannot be read with this key", "用当前密钥无法读取"),
    "facts.why": ("what became of its slots", "各计划时间的结果"),
    "facts.changed": ("changed since it last succeeded", "自上次成功以来的变化"),
    "facts.was": ("{then} → {now}", "{then} → {now}"),
    "log.line": ("line {line} of {total}", "第 {line} 行，共 {total} 行"),
    "log.following": ("following", "跟随中"),
    "log.paused": ("paused, {count} new lines: G follows", "已暂停，新增 {count} 行：按 G 跟随"),
    "log.level": ("{level} and above", "{level} 及以上"),
    "log.wrap": ("wrapped", "折行"),
    "log.not_found": ("/{text} does not stand in this log", "日志中没有 /{text}"),
    "log.around": ("the search went around", "查找已绕回"),
    # prompts and dialogs
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
    "dialog.no": ("Esc  cancel", "Esc  取消"),
    "dialog.type": ("type {text} and press Enter", "输入 {text} 后按 Enter"),
    "dialog.and_more": ("and {count} more", "以及另外 {count} 个"),
    "ask.run": ("Run {count} job(s) of {instance} now?", "立即运行 {instance} 的 {count} 个作业？"),
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
    # keys
    "key.app.show_jobs": ("jobs", "作业"),
    "key.app.show_logs": ("runs", "记录"),
    "key.app.command": ("command", "命令"),
    "key.app.help": ("help", "帮助"),
    "key.app.time": ("times", "时间"),
    "key.app.quit": ("quit", "退出"),
    "key.screen.back": ("back", "返回"),
    "key.screen.menu": ("acts", "操作"),
    "key.screen.copy": ("copy", "复制"),
    "key.screen.reload": ("reload", "刷新"),
    "key.list.filter": ("filter", "筛选"),
    "key.jobs.sort": ("sort", "排序"),
    "key.jobs.logs": ("runs", "记录"),
    "key.jobs.run": ("run", "运行"),
    "key.jobs.retry": ("retry", "重试"),
    "key.jobs.enable": ("enable", "启用"),
    "key.jobs.disable": ("disable", "停用"),
    "key.logs.failures": ("failures", "失败归类"),
    "key.logs.retry": ("retry", "重试"),
    "key.logs.retry_matching": ("retry all that match", "重试全部符合"),
    "key.logs.cancel": ("cancel", "取消运行"),
    "key.log.search": ("search", "查找"),
    "key.log.copy_line": ("copy the line", "复制该行"),
    "key.log.facts": ("facts", "详情"),
    "key.log.retry": ("retry", "重试"),
    "key.log.cancel": ("cancel", "取消运行"),
    "key.text.search": ("search", "查找"),
    "key.job.logs": ("runs", "记录"),
    "key.job.run": ("run", "运行"),
    "key.job.retry": ("retry", "重试"),
    "key.job.enable": ("enable", "启用"),
    "key.job.disable": ("disable", "停用"),
    "key.move": ("move", "移动"),
    "key.open": ("open", "打开"),
    "key.mark": ("mark", "标记"),
}


def language_of(environment: dict[str, str] | None = None) -> str:
    """The language that UI_LANG, LC_ALL or LANG asks for: `zh` or `en`."""
    given = os.environ if environment is None else environment
    wanted = next((value for name in ("UI_LANG", "LC_ALL", "LANG") if (value := given.get(name))), "")
    return "zh" if wanted.lower().startswith("zh") else "en"


class Words:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else "en"

    def __call__(self, key: str, **values: object) -> str:
        """The words under a key, with the values in their places; raises KeyError for an unknown key."""
        text = _TABLE[key][LANGUAGES.index(self.language)]
        return text.format(**values) if values else text


def keys() -> list[str]:
    """All keys of the table."""
    return list(_TABLE)


def translations(key: str) -> tuple[str, str]:
    """The words under a key, English and Chinese."""
    return _TABLE[key]
