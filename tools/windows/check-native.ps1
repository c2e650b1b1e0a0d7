# SPDX-License-Identifier: GPL-3.0-or-later
<#
check-native.ps1 [-Bin FOLDER] [-LogOff USER] [-Stubborn] [-Server NAME]

For the owner of a Windows machine: runs the commands in FOLDER (the script's own, unless told) beside those of Windows, compares
them, and keeps what was said in a folder of its own. Run it in an elevated PowerShell, 3.0 or later.

Without -LogOff nothing is changed. USER is a test user with exactly one session. -Stubborn first opens a window in that session
that refuses to close, by a scheduled task of USER, so that the force can be seen. -Server asks another Windows host.
The folder holds names of users and programs. Nothing is sent anywhere. The last line is "N passed, N failed, N skipped".
#>
param([string]$Bin = $PSScriptRoot, [string]$LogOff, [switch]$Stubborn, [string]$Server)

$System = Join-Path $env:SystemRoot 'System32'
$Record = Join-Path $env:TEMP ('logoff-check-{0:yyyyMMdd-HHmmss}' -f (Get-Date))
New-Item -ItemType Directory $Record | Out-Null
$There = @()
if ($Server) { $There = @("/server:$Server") }
$Count = @{ pass = 0; FAIL = 0; skip = 0 }
$script:Number = 0

# Runs a program; what it printed, its exit status and its time go to a file. Returns the lines and the status.
function Invoke-Command-Line([string]$Program, [string[]]$Words) {
    $script:Number++
    $watch = [Diagnostics.Stopwatch]::StartNew()
    $lines = @(& $Program @Words 2>&1 | ForEach-Object { "$_" })
    $status = $LASTEXITCODE
    $file = Join-Path $Record ('{0:00}-{1}.txt' -f $script:Number, [IO.Path]::GetFileNameWithoutExtension($Program))
    @("$Program $Words", "exit status $status, $($watch.ElapsedMilliseconds) ms", '') + $lines | Set-Content -Encoding UTF8 $file
    [pscustomobject]@{ Lines = $lines; Status = $status }
}

# Prints one result. $Ok is $true, $false, or $null: it could not be tried.
function Show-Result([string]$What, $Ok, [string]$Detail) {
    $word = if ($null -eq $Ok) { 'skip' } elseif ($Ok) { 'pass' } else { 'FAIL' }
    $Count[$word]++
    $line = if ($Detail) { "${word}  ${What}: $Detail" } else { "${word}  $What" }
    Write-Output $line
    Add-Content -Encoding UTF8 (Join-Path $Record 'results.txt') $line
}

function Get-Ours([string]$Name, [string[]]$Words) {
    $done = Invoke-Command-Line (Join-Path $Bin $Name) ($Words + '--json' + $There)
    if ($done.Status -ne 0) { return @() }
    @(($done.Lines -join "`n") | ConvertFrom-Json | ForEach-Object { $_ })
}

function Get-Programs([string]$Id) { @(Get-Process | Where-Object { "$($_.SessionId)" -eq $Id }) }

$edition = Get-WmiObject Win32_OperatingSystem
Write-Output "$($edition.Caption) $($edition.Version), code page $([Console]::OutputEncoding.CodePage), PowerShell $($PSVersionTable.PSVersion)"
"$($edition.Caption) $($edition.Version)" | Set-Content -Encoding UTF8 (Join-Path $Record 'windows.txt')

# The same sessions as Windows' own command.
$ours = Get-Ours 'query.exe' @('session')
$theirs = Invoke-Command-Line (Join-Path $System 'qwinsta.exe') $There
Show-Result 'query session' ($ours.Count -gt 0) "$($ours.Count) sessions"
foreach ($one in $ours) {
    $line = $theirs.Lines | Where-Object { $_ -match "\s$([regex]::Escape($one.id))\s" } | Select-Object -First 1
    $same = $line -and (-not $one.user -or $line -match [regex]::Escape($one.user))
    Show-Result "session $($one.id) beside qwinsta" ([bool]$same) $line
}
Show-Result 'session 0 is the services''' (@($ours | Where-Object { $_.id -eq '0' -and $_.kind -eq 'services' }).Count -eq 1)
Show-Result 'one console session at most' (@($ours | Where-Object { $_.console }).Count -le 1)
if ($Server) { Show-Result 'own session' $null 'another host has none' }
else { Show-Result 'own session' ("$(@($ours | Where-Object { $_.own }).id)" -eq "$((Get-Process -Id $PID).SessionId)") "$(@($ours | Where-Object { $_.own }).id)" }

# Times are compared by eye: the record has both.
Invoke-Command-Line (Join-Path $Bin 'query.exe') (@('user') + $There) | Out-Null
Invoke-Command-Line (Join-Path $System 'quser.exe') $There | Out-Null

# Each program in its session.
if (-not $Server) {
    $programs = Get-Ours 'query.exe' @('process', '*')
    $wrong = @($programs | Where-Object {
        $process = Get-Process -Id $_.pid -ErrorAction SilentlyContinue
        $process -and $_.session_id -and "$($process.SessionId)" -ne "$($_.session_id)" })
    Show-Result 'programs are in their sessions' ($programs.Count -gt 0 -and $wrong.Count -eq 0) "$($programs.Count) programs, $($wrong.Count) elsewhere"
}

# What must be refused. Nothing happens.
foreach ($case in @(@('no such session', '64000', 2), @('the services', '0', 4))) {
    $done = Invoke-Command-Line (Join-Path $Bin 'logoff.exe') (@($case[1]) + $There)
    Show-Result "refused: $($case[0])" ($done.Status -eq $case[2]) "exit status $($done.Status): $($done.Lines)"
}
$done = Invoke-Command-Line (Join-Path $Bin 'logoff.exe') (@('/all', '/dryrun', '/ifany') + $There)
Show-Result 'dry run' ($done.Status -eq 0) ($done.Lines -join ' / ')

# One real log-off.
$target = @($ours | Where-Object { $LogOff -and $_.user -eq $LogOff })
if (-not $LogOff) { Show-Result 'log-off' $null 'no -LogOff USER' }
elseif ($target.Count -ne 1) { Show-Result 'log-off' $false "$LogOff has $($target.Count) sessions; one is needed" }
else {
    $id = $target[0].id
    $done = Invoke-Command-Line (Join-Path $Bin 'msg.exe') (@($id, '/time:10', '/v', 'This is a test. Please press OK.') + $There)
    Show-Result 'message' ($done.Status -eq 0) ($done.Lines -join ' / ')
    if ($Stubborn -and -not $Server) {
        $window = '$f = New-Object Windows.Forms.Form; $f.Text = "stubborn"; $f.add_FormClosing({ $_.Cancel = $true }); [Windows.Forms.Application]::Run($f)'
        $code = [Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes("Add-Type -AssemblyName System.Windows.Forms; $window"))
        & schtasks.exe /create /f /tn logoff-check /it /ru $LogOff /sc once /st 23:59 /tr "powershell -STA -EncodedCommand $code" | Out-Null
        & schtasks.exe /run /tn logoff-check | Out-Null
        Start-Sleep 5
    }
    $before = @(); if (-not $Server) { $before = @(Get-Programs $id | ForEach-Object { $_.Id }) }
    # A job looks ten times a second: in which order do state, list and programs change?
    $sampler = Start-Job -ArgumentList $id {
        param($Id)
        $end = (Get-Date).AddSeconds(120)
        while ((Get-Date) -lt $end) {
            $row = (& qwinsta.exe | Where-Object { $_ -match "\s$Id\s" }) -join ';'
            $names = (Get-Process | Where-Object { "$($_.SessionId)" -eq $Id } | ForEach-Object { $_.Name }) -join ','
            '{0:HH:mm:ss.fff} {1} | {2}' -f (Get-Date), $row, $names
            Start-Sleep -Milliseconds 100
        }
    }
    $done = Invoke-Command-Line (Join-Path $Bin 'logoff.exe') (@($id, '/v', '/grace:15', '/wait:60', '/reason:check-native') + $There)
    Show-Result 'log-off' ($done.Status -eq 0) ($done.Lines -join ' / ')
    $rows = @(& (Join-Path $System 'qwinsta.exe') $There | Where-Object { $_ -match "\s$id\s" -and $_ -match [regex]::Escape($LogOff) })
    Show-Result 'Windows has no such session right afterwards' ($rows.Count -eq 0) "$rows"
    if (-not $Server) {
        $left = @($before | Where-Object { (Get-Process -Id $_ -ErrorAction SilentlyContinue).SessionId -eq $id })
        Show-Result 'nor any of its programs' ($left.Count -eq 0) "$left"
        $event = Get-EventLog Application -Source logoff -Newest 1 -ErrorAction SilentlyContinue
        $event | Format-List | Out-File (Join-Path $Record 'event.txt')
        Show-Result 'a record in the event log' ([bool]($event -and $event.Message -match 'check-native'))
    }
    Stop-Job $sampler
    Receive-Job $sampler | Set-Content -Encoding UTF8 (Join-Path $Record 'timeline.txt')
    & schtasks.exe /delete /f /tn logoff-check 2>$null | Out-Null
}
Write-Output "The record is in $Record."
Write-Output "$($Count.pass) passed, $($Count.FAIL) failed, $($Count.skip) skipped"
exit [int]($Count.FAIL -gt 0)
