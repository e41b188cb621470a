"""The texts of studies and sweeps, part of the one table in `experiments.messages`: 中文, then English."""

from __future__ import annotations

from collections.abc import Mapping

SWEEP_TEXTS: Mapping[str, tuple[str, str]] = {
    "help.sweep": (
        "按研究文件运行全部情形，可中断、可续跑",
        "run every point of a study file into a folder; can be interrupted and goes on where it stopped",
    ),
    "help.resume": ("从中断处继续一个批量试验", "go on with a sweep where it stopped"),
    "help.status": ("已完成、失败、剩余和区间宽度", "done, failed, left, widest interval, time left"),
    "help.replay": (
        "重跑其中一次运行，并与存储的行比较",
        "run one run of a sweep again and compare it with its stored row",
    ),
    "help.verify": (
        "核对全部校验和，并重算一部分运行逐位比较",
        "check every checksum, and recompute a share of the runs bit by bit",
    ),
    "help.export": ("把运行结果导出为表格文件", "write the runs as a table for people"),
    "help.study": ("研究文件 (.toml)", "a study file (.toml)"),
    "help.sweep_out": ("结果目录；已有同一研究时继续", "folder for results; if it holds this study, the sweep goes on"),
    "help.sweep_folder": ("批量试验的结果目录", "folder of a sweep"),
    "help.part": (
        "只做第 K 份（共 N 份），供集群的各节点使用",
        "do only share K of N, for the nodes of a cluster, such as 3/20",
    ),
    "help.max_minutes": ("到时停止（退出码 7），可续跑", "stop after so many minutes (exit code 7); can be resumed"),
    "help.method": ("工作进程的启动方式", "how workers are started"),
    "help.accept_code_change": (
        "代码已变也继续；会记入会话日志",
        "go on although the code has changed; recorded in the log of the session",
    ),
    "help.run_id": ("运行编号（可只写开头几位）", "id of a run, or its first digits"),
    "help.share_of_runs": ("重算的比例（默认 0.01，至少一次）", "share of runs to recompute (0.01; at least one)"),
    "help.to": ("csv 或 xlsx", "csv or xlsx"),
    "help.export_out": ("目标文件（默认在结果目录旁）", "file to write (beside the folder by default)"),
    "help.headings": (
        "表头：titles 为名称与单位（默认），ids 为 docs/store.md 的列名",
        "headings: titles with units (default), or ids, the column names of docs/store.md",
    ),
    "help.yes": (
        "不询问，直接开始；只在终端上、新的试验预计超过一小时才会询问",
        "start without asking; asked only on a terminal, before a new sweep of more than an hour",
    ),
    # check of a study
    "study.ok": ("{file}：没有问题", "{file}: nothing wrong"),
    "study.question": ("问题：{text}", "question: {text}"),
    "study.scenarios": ("方案：{names}", "scenarios: {names}"),
    "study.varied": ("变动的工具与假设：", "varied:"),
    "study.range": ("{low} 至 {high} {unit}", "{low} to {high} {unit}"),
    "study.log": ("，按对数均匀", ", even on the logarithm"),
    "study.values": ("{values} {unit}", "{values} {unit}"),
    "study.design": (
        "设计：{kind}，{points} 个点，每点 {replicates} 次，共 {runs} 次运行，分 {parts} 份存储",
        "design: {kind}, {points} points, {replicates} replicates each: {runs} runs in {parts} parts",
    ),
    "study.design_at_most": (
        "设计：{kind}，{points} 个点，每点至多 {replicates} 次，至多 {runs} 次运行，分 {parts} 份存储",
        "design: {kind}, {points} points, at most {replicates} replicates each: at most {runs} runs in {parts} parts",
    ),
    "study.precision": (
        "精度：各点各目标的 95 % 区间不宽于 ±{half_width}（{targets}）",
        "precision: every 95 % interval within ±{half_width}, at every point, of: {targets}",
    ),
    "study.looks": (
        "每点 {looks} 次时各检查一次（至多 {number} 次检查），达到即止；各点次数相同",
        "looks at {looks} replicates of every point (at most {number}), and ends as soon as that is enough",
    ),
    "study.out_of_reach": (
        "注意：即使所有运行结果相同，{most} 次也达不到这一精度",
        "note: {most} replicates cannot be enough for that, even if all runs agree",
    ),
    "study.note_needs": (
        "注意：{lever} 在 {background} 之下才起作用，而方案 {scenarios} 没有设定它，本研究也没有变动它",
        "note: {lever} acts only together with {background}, which is neither varied nor set in scenario {scenarios}",
    ),
    "study.note_seldom_reached": (
        "注意：{most} 次只够概率不超过 {low} % 或不低于 {high} % 时达到 ±{wanted}；"
        "概率为 50 % 时区间为 ±{half}，需要 {needed} 次",
        "note: {most} replicates are enough for ±{wanted} only at probabilities up to {low} % or from {high} %; "
        "at 50 % they give ±{half}, and it takes {needed}",
    ),
    "study.note_never_reached": (
        "注意：{most} 次只够所有运行结果（几乎）相同时达到 ±{wanted}；概率为 50 % 时区间为 ±{half}，需要 {needed} 次",
        "note: {most} replicates are enough for ±{wanted} only if (nearly) all runs agree; "
        "at 50 % they give ±{half}, and it takes {needed}",
    ),
    "study.join": ("、", ", "),
    "study.discrepancy": ("中心化偏差 {value}（越小越均匀）", "centred discrepancy {value} (smaller is more even)"),
    "study.cost": (
        "预计 {time}（{workers} 个进程），约 {megabytes} MB",
        "about {time} with {workers} workers, about {megabytes} MB",
    ),
    "study.cost_range": (
        "{least_runs} 至 {runs} 次运行，预计 {least_time} 至 {time}（{workers} 个进程），"
        "约 {least_megabytes} 至 {megabytes} MB",
        "{least_runs} to {runs} runs, about {least_time} to {time} with {workers} workers, "
        "about {least_megabytes} to {megabytes} MB",
    ),
    # while it runs
    "sweep.begin": (
        "{runs} 次运行，预计 {time}，约 {megabytes} MB，写入 {folder}",
        "{runs} runs, about {time}, about {megabytes} MB, into {folder}",
    ),
    "sweep.begin_range": (
        "{least_runs} 至 {runs} 次运行，预计 {least_time} 至 {time}，"
        "约 {least_megabytes} 至 {megabytes} MB，写入 {folder}",
        "{least_runs} to {runs} runs, about {least_time} to {time}, about {least_megabytes} to {megabytes} MB, "
        "into {folder}",
    ),
    "sweep.again": (
        "{folder} 已有 {done} / {total} 次运行，继续",
        "{folder} holds {done} of {total} runs; going on",
    ),
    "sweep.again_all": (
        "{folder} 已有全部 {done} 次运行，无须再做",
        "{folder} holds all {done} runs; nothing to do",
    ),
    "sweep.again_share": (
        "{folder} 已有 {done} / {total} 次运行，本份已全部完成，无须再做",
        "{folder} holds {done} of {total} runs, all of this share; nothing to do",
    ),
    "sweep.quarantined_one": (
        "{n} 份损坏的数据已移入 quarantine/，将重新计算",
        "{n} damaged part went to quarantine/ and is computed again",
    ),
    "sweep.quarantined": (
        "{n} 份损坏的数据已移入 quarantine/，将重新计算",
        "{n} damaged parts went to quarantine/ and are computed again",
    ),
    "sweep.missing_one": (
        "{n} 份已完成的数据缺失，将重新计算",
        "{n} finished part is missing and is computed again",
    ),
    "sweep.missing": (
        "{n} 份已完成的数据缺失，将重新计算",
        "{n} finished parts are missing and are computed again",
    ),
    "sweep.ask": ("预计超过一小时，开始吗？[y/N] ", "this takes more than an hour; start? [y/N] "),
    "sweep.declined": ("没有开始", "not started"),
    "sweep.label": ("运行", "runs"),
    "sweep.failed": ("失败 {n}", "{n} failed"),
    "sweep.left": ("约剩 {low} 至 {high}", "{low} to {high} left"),
    "sweep.left_of_look": ("距下次检查约 {low} 至 {high}", "{low} to {high} to the next look"),
    "sweep.look": ("第 {look}/{looks} 次检查", "look {look}/{looks}"),
    "sweep.most": ("至多 {n}", "at most {n}"),
    "sweep.widest": ("最宽：点 {point} {odds}，{target}", "widest: point {point} {odds}, {target}"),
    "sweep.all_targets": ("九项同时达到", "all nine targets"),
    "sweep.stopping": (
        "收到中断：完成手上的部分后停止；再按一次立即停止，两种情形都可续跑",
        "stopping after the parts in flight; once more to stop at once; both can be resumed",
    ),
    "sweep.stopped": (
        "已停在 {done} / {total} 次；继续：dianzhong resume {folder}",
        "stopped at {done} of {total} runs; go on with: dianzhong resume {folder}",
    ),
    "sweep.out_of_time": (
        "时间到，已完成 {done} / {total} 次；继续：dianzhong resume {folder}",
        "out of time at {done} of {total} runs; go on with: dianzhong resume {folder}",
    ),
    "sweep.too_many_failed": (
        "失败 {failed} 次，超过允许的 {allowed} 次；已停在 {done} / {total}。先看：dianzhong status {folder}",
        "{failed} runs failed, more than the {allowed} allowed; stopped at {done} of {total}. "
        "Look first: dianzhong status {folder}",
    ),
    "sweep.done": ("完成：{done} / {total} 次运行，失败 {failed}", "done: {done} of {total} runs, {failed} failed"),
    "sweep.share_done": (
        "本份完成；目录中共 {done} / {total} 次运行，失败 {failed}",
        "this share is done; the folder holds {done} of {total} runs, {failed} failed",
    ),
    "sweep.hint": (
        '读取：pandas.read_parquet("{folder}/runs")；导出：dianzhong export {folder} --to csv',
        'read it: pandas.read_parquet("{folder}/runs"); for people: dianzhong export {folder} --to csv',
    ),
    # status
    "status.runs": (
        "{folder}：{done} / {total} 次运行（{percent} %），失败 {failed}",
        "{folder}: {done} of {total} runs ({percent} %), {failed} failed",
    ),
    "status.runs_at_most": (
        "{folder}：{done} / {total} 次运行（本次检查的 {percent} %），失败 {failed}",
        "{folder}: {done} of {total} runs ({percent} % of this look), {failed} failed",
    ),
    "status.balanced": ("每点 {n} 次（目标 {wanted}）", "replicates of every point: {n} (wanted {wanted})"),
    "status.balance": (
        "每点 {low} 至 {high} 次（目标 {wanted}）",
        "replicates of every point: {low} to {high} (wanted {wanted})",
    ),
    "status.widest": (
        "最宽的区间：点 {point}，{target} {value}（{low} 至 {high}，N={n}）",
        "widest interval: point {point}, {target} {value} ({low} to {high}, N={n})",
    ),
    "look.open": (
        "第 {look} 次检查（至多 {looks} 次）进行中：每点 {replicates} 次；目前区间半宽 ±{half}，要求 ±{wanted}",
        "at look {look} of at most {looks}: {replicates} replicates of every point; so far ±{half}, wanted ±{wanted}",
    ),
    "look.met": (
        "已达到精度，完成于第 {look} 次检查（至多 {looks} 次）：每点 {replicates} 次；"
        "区间半宽不超过 ±{half}，要求 ±{wanted}",
        "finished, precise enough at look {look} of at most {looks}: {replicates} replicates of every point; "
        "every interval within ±{half}, wanted ±{wanted}",
    ),
    "look.at_most": (
        "已完成全部 {looks} 次检查（第 {look} 次，每点 {replicates} 次），未达到精度："
        "区间半宽仍为 ±{half}，要求 ±{wanted}；结果有效",
        "finished at the last look ({look} of {looks}, {replicates} replicates of every point), not precise enough: "
        "still ±{half}, wanted ±{wanted}; the results are valid",
    ),
    "status.running": (
        "正在运行：本次会话已完成 {runs} 次运行，约剩 {low} 至 {high}",
        "running, {low} to {high} left; runs done in this session: {runs}",
    ),
    "status.running_look": (
        "正在运行：本次会话已完成 {runs} 次运行，距下次检查约 {low} 至 {high}",
        "running, {low} to {high} to the next look; runs done in this session: {runs}",
    ),
    "status.running_unknown": (
        "正在运行：本次会话已完成 {runs} 次运行；存满 {needed} 份后（现 {parts} 份）才能估计剩余时间",
        "running; runs done in this session: {runs}; time left is told once {needed} parts are stored ({parts} so far)",
    ),
    "status.running_last": (
        "正在运行：本次会话已完成 {runs} 次运行，即将结束",
        "running, about to end; runs done in this session: {runs}",
    ),
    "status.idle": ("没有正在运行的会话", "no session is running"),
    "status.failure": (
        "{status} {run_id}（点 {point}，重复 {replicate}）：{error}",
        "{status} {run_id} (point {point}, replicate {replicate}): {error}",
    ),
    "status.more": ("另有 {n} 次", "and {n} more"),
    "status.replay": ("重看：{command}", "see it again: {command}"),
    # replay and verify
    "replay.same": ("与存储的行逐位相同", "the same, bit by bit, as the stored row"),
    "replay.absent": ("存储中还没有这次运行", "the store does not hold this run yet"),
    "replay.differs": ("与存储的行不同：{columns}", "differs from the stored row in: {columns}"),
    "replay.machine": (
        "注意：换一种处理器或数值库，末位数字可能不同",
        "note: another kind of processor, or other numerical libraries, may change last digits",
    ),
    "replay.code": (
        "注意：代码已变，不同是可能的",
        "note: the code has changed since the sweep began, so a difference may come from there",
    ),
    "verify.begin": (
        "文件无误；现重算 {total} 次运行中的 {chosen} 次",
        "the files are sound; recomputing {chosen} of {total} runs",
    ),
    "verify.label": ("重算", "recomputed"),
    "verify.left": ("约剩 {time}", "about {time} left"),
    "verify.files": ("{files} 个文件的校验和正确", "{files} files are what they were when written"),
    "verify.runs": ("重算 {n} 次运行，逐位相同", "{n} runs recomputed, the same bit by bit"),
    "verify.problem": ("{file}：{text}", "{file}: {text}"),
    "verify.mismatch": (
        "运行 {run_id} 与存储不同：{columns}",
        "run {run_id} differs from its stored row in: {columns}",
    ),
    "verify.mend": (
        "损坏的部分可重算：dianzhong resume {folder}",
        "parts that are damaged can be computed again: dianzhong resume {folder}",
    ),
    "export.done": ("已写入 {path}：{rows} / {total} 次运行", "wrote {path}: {rows} of {total} runs"),
}
